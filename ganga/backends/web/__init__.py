"""What back ends share that are spoken to over HTTPS: replies that are whole or errors, and credentials that end."""
