"""What goes wrong, done for real: processes killed, disks filled, leases fought for, clocks set."""
