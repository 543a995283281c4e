"""Where all processes meet; `base` says what a store is."""
