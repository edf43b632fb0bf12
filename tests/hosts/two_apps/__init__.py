"""Two applications in one process, on one set of models: incidents, and complaints."""
