"""What indexes, find-links pages and folders offer: read in parallel, bounded, and never taken for empty by mistake."""
