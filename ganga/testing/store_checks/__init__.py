"""What every store must do, one function for each promise; `ganga.testing.check_store` runs them all."""
