"""Validation by itself: every description as a marshmallow schema."""
