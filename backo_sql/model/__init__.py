"""What a collection is: the users' declarations in, a frozen `Model` out. Knows no database and no request."""
