/* Completes names from the directory as they are typed. Without this file the whole name does. */
(() => {
  "use strict";

  const WAIT_MS = 200;
  const SHORTEST = 2;

  for (const field of document.querySelectorAll("[data-ps-people]")) {
    const input = field.querySelector("input");
    const list = field.querySelector("datalist");
    let timer = 0;
    let request = null;

    const look = async (text) => {
      if (request) request.abort();
      request = new AbortController();
      const address = new URL(field.dataset.psPeople, document.baseURI);
      address.searchParams.set("q", text);
      try {
        const answer = await fetch(address, {
          credentials: "same-origin",
          headers: { Accept: "application/json" },
          signal: request.signal,
        });
        const people = answer.ok ? await answer.json() : [];
        list.replaceChildren(
          ...people.map((person) => {
            const option = document.createElement("option");
            option.value = person.name;
            option.label = person.label;
            return option;
          }),
        );
      } catch {
        /* typed on, or the directory is away: the name is read when the form is sent */
      }
    };

    input.addEventListener("input", () => {
      window.clearTimeout(timer);
      const text = input.value.trim();
      if (text.length >= SHORTEST) timer = window.setTimeout(() => look(text), WAIT_MS);
    });
  }
})();
