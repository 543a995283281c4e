"""Tests of the public testing kit."""
