"""How well docent reads PDFs, compared with other programs."""
