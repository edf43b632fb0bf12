"""Host applications, each as an author of its own would have written it, with the extension."""
