"""Who may see what: SVOD, PDL and NLL as one ordered table of rules. Values in, values out."""
