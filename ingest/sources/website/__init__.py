"""Websites: pages found by sitemap, llms.txt or links."""
