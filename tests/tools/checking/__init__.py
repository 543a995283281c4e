"""Tests of the quality tools."""
