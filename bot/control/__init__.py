"""Control: commands run in the `docent serve` at work, or in this process without one."""
