"""A lending library: authors, books, shelves, readers, and who has which book at home."""
