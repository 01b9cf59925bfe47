"""Setting docent up: what the machine and the settings lack, and the file `.env`."""
