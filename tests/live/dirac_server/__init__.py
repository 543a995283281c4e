"""Real DIRAC services on this machine: DISET, HTTPS and the Configuration Service, on a MariaDB of their own."""
