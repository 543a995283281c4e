"""What is said of a verdict, and to whom: one module for each form."""
