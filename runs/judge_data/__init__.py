"""Building labelled clips for the judge: episodes are recorded, watched by the referee, and cut."""
