/* The button that prints; without JavaScript the browser's own menu does. */
document.querySelectorAll("[data-ps-print]").forEach((button) => {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
});
