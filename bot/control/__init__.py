"""Control: run commands in the running `docent serve`, or in this process without one."""
