"""The only loop: it owns time and the network, and decides nothing."""
