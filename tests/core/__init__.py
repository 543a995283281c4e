"""Tests of the pure core: unit tests for each file, and the laws."""
