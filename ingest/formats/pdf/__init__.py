"""PDF: the text of PDFium with its places, as a person reads it on the page."""
