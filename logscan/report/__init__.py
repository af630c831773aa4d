"""Turns an Analysis into what people and programs read: tables, pages, Markdown, JSON, CSV."""
