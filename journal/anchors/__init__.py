"""Signed heads, carried to places that whoever can write the data base cannot reach."""
