"""Nouns: frozen records and typed ids. They tell; they never do."""
