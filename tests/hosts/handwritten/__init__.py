"""Meldingen van het ziekenhuis, zoals een verpleegkundige die kan programmeren ze schreef."""
