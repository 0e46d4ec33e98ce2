"""The record of a run or incident as one file, and a verifier that needs no ringfence."""
