// A form is sent once, however quickly its button is tapped: its page works for one step only.
const PAUSE = 3000;
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (Date.now() - Number(form.dataset.psSentAt || 0) < PAUSE) event.preventDefault();
  else form.dataset.psSentAt = String(Date.now());
});
