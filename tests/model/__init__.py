"""Tests of the frozen data."""
