"""What is asked: a query string or a dict in, a bound filter and a plan out. Knows no backend."""
