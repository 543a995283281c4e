"""The Kerberos tickets and AFS tokens without which the files of jobs, or another machine, cannot be reached."""
