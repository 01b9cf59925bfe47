"""Parts of Word documents that are prepared before mammoth reads them."""
