"""What can be asked of the hub: one file per interaction. Each ends in an access-log entry before anything leaves."""
