"""What ganga promises about speed and size, measured on the machine at hand."""
