"""Who is asked, and what an error leads to."""
