"""The verbs: each reads, decides and writes within one unit of work."""
