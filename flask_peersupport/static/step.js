/* The step: adds rows in place and completes names. Without this file the empty rows do. */
(() => {
  "use strict";

  const WAIT_MS = 200;
  const SHORTEST = 2;

  const part = (row, name) => row.querySelector(`[data-ps-part="${name}"]`);

  /* A name field with suggestions, after the ARIA pattern "combobox with list autocomplete". */
  class NameField {
    constructor(step, row) {
      this.step = step;
      this.row = row;
      this.input = part(row, "name");
      this.list = null;
      this.people = [];
      this.active = -1;
      this.timer = 0;
      this.request = null;
      this.filled = new Map();
      const { input } = this;
      input.setAttribute("role", "combobox");
      input.setAttribute("aria-autocomplete", "list");
      input.setAttribute("aria-expanded", "false");
      input.addEventListener("input", () => this.typed());
      input.addEventListener("keydown", (event) => this.key(event));
      input.addEventListener("blur", () => this.close());
    }

    typed() {
      this.forget();
      this.cancel();
      const text = this.input.value.trim();
      if (text.length < SHORTEST) {
        this.close();
        return;
      }
      this.timer = window.setTimeout(() => this.look(text), WAIT_MS);
    }

    /* Whoever typed on, pressed Escape or left the field no longer waits for an answer. */
    cancel() {
      window.clearTimeout(this.timer);
      if (this.request) this.request.abort();
      this.request = null;
    }

    async look(text) {
      const request = new AbortController();
      this.request = request;
      try {
        const answer = await this.ask(text, request.signal);
        if (!answer.ok) throw new Error(String(answer.status));
        const people = await answer.json();
        if (request === this.request && Array.isArray(people)) this.open(people);
      } catch {
        if (request === this.request) this.close();
      }
    }

    /* With a token the text goes in the body: not even its beginning comes into a server's log. */
    ask(text, signal) {
      const { psPeople, psToken } = this.step.dataset;
      const address = new URL(psPeople, document.baseURI);
      const options = { credentials: "same-origin", headers: { Accept: "application/json" }, signal };
      if (psToken) {
        options.method = "POST";
        options.headers["X-CSRFToken"] = psToken;
        options.body = new URLSearchParams({ q: text });
      } else {
        address.searchParams.set("q", text);
      }
      return fetch(address, options);
    }

    open(people) {
      this.close();
      this.people = people;
      if (!people.length) {
        say(this.step, this.step.dataset.psTextNone);
        return;
      }
      const list = document.createElement("ul");
      list.className = "ps-combo-list";
      list.id = `${this.input.id}-list`;
      list.setAttribute("role", "listbox");
      list.setAttribute("aria-label", this.step.dataset.psTextList);
      people.forEach((person, place) => {
        const option = document.createElement("li");
        option.className = "ps-combo-option";
        option.id = `${list.id}-${place}`;
        option.setAttribute("role", "option");
        option.setAttribute("aria-selected", "false");
        option.textContent = person.label;
        option.addEventListener("mousedown", (event) => event.preventDefault());
        option.addEventListener("click", () => this.pick(place));
        list.append(option);
      });
      this.input.after(list);
      this.list = list;
      list.scrollIntoView({ block: "nearest" });
      this.input.setAttribute("aria-expanded", "true");
      this.input.setAttribute("aria-controls", list.id);
      say(this.step, this.step.dataset.psTextCount.replace("{count}", String(people.length)));
    }

    close() {
      this.cancel();
      if (this.list) this.list.remove();
      this.list = null;
      this.active = -1;
      this.input.setAttribute("aria-expanded", "false");
      this.input.removeAttribute("aria-controls");
      this.input.removeAttribute("aria-activedescendant");
    }

    key(event) {
      if (event.isComposing) return;
      if (event.key === "Enter") {
        /* Enter in a name never submits the host's form half-way. */
        event.preventDefault();
        if (this.list && this.active >= 0) this.pick(this.active);
        else this.close();
        return;
      }
      if (!this.list) {
        if (event.key === "Escape") this.cancel();
        return;
      }
      const last = this.people.length - 1;
      if (event.key === "ArrowDown") this.activate(this.active < last ? this.active + 1 : 0);
      else if (event.key === "ArrowUp") this.activate(this.active > 0 ? this.active - 1 : last);
      else if (event.key === "Escape") this.close();
      else return;
      event.preventDefault();
    }

    activate(place) {
      this.active = place;
      [...this.list.children].forEach((option, index) => {
        option.setAttribute("aria-selected", String(index === place));
        if (index === place) {
          option.scrollIntoView({ block: "nearest" });
          this.input.setAttribute("aria-activedescendant", option.id);
        }
      });
    }

    pick(place) {
      const person = this.people[place];
      this.close();
      this.input.value = person.name || person.label;
      part(this.row, "user").value = person.user || "";
      for (const name of ["department", "profession"]) {
        const field = part(this.row, name);
        if (field && person[name] && !field.value) {
          field.value = person[name];
          if (field.value) this.filled.set(name, field.value);
        }
      }
      const picked = part(this.row, "picked");
      picked.textContent = [this.step.dataset.psTextFound, person.department].filter(Boolean).join(": ");
      picked.hidden = false;
      say(this.step, picked.textContent);
    }

    /* Another name is another person: what came with the first one goes. */
    forget() {
      const user = part(this.row, "user");
      if (!user.value) return;
      user.value = "";
      part(this.row, "picked").hidden = true;
      for (const [name, value] of this.filled) {
        const field = part(this.row, name);
        if (field.value === value) field.value = "";
      }
      this.filled.clear();
    }
  }

  function say(step, text) {
    step.querySelector("[data-ps-status]").textContent = text;
  }

  function isEmpty(row) {
    return [...row.querySelectorAll("input, select")].every(
      (field) => field.dataset.psPart === "wish" || !field.value.trim(),
    );
  }

  function prepare(step) {
    const holder = step.querySelector("[data-ps-rows]");
    const template = step.querySelector("[data-ps-template]");
    const add = step.querySelector("[data-ps-add]");
    const limit = Number(step.dataset.psLimit);
    const rows = () => [...holder.querySelectorAll("[data-ps-row]")];
    const indexOf = (row) => Number(part(row, "name").name.split("-")[2]);

    function showAdd() {
      add.hidden = rows().length >= limit;
    }

    function wire(row) {
      if (step.dataset.psPeople) new NameField(step, row);
      const remove = row.querySelector("[data-ps-remove]");
      if (!remove) return;
      remove.hidden = false;
      remove.addEventListener("click", () => {
        const left = rows();
        const place = left.indexOf(row);
        row.remove();
        if (left.length === 1) append();
        showAdd();
        say(step, step.dataset.psTextRemoved);
        const next = rows()[Math.min(place, rows().length - 1)];
        part(next, "name").focus();
      });
    }

    function append() {
      const free = Math.max(-1, ...rows().map(indexOf)) + 1;
      const number = rows().length + 1;
      const fresh = template.content.cloneNode(true);
      for (const element of fresh.querySelectorAll("[id], [name], [for]")) {
        for (const name of ["id", "name", "for"]) {
          const value = element.getAttribute(name);
          if (value) element.setAttribute(name, value.replace("__index__", String(free)));
        }
      }
      for (const element of fresh.querySelectorAll("legend, .ps-hidden-text")) {
        element.textContent = element.textContent.replace("__number__", String(number));
      }
      holder.append(fresh);
      const row = rows().at(-1);
      wire(row);
      showAdd();
      return row;
    }

    rows().forEach((row, place) => {
      if (place > 0 && isEmpty(row)) row.remove();
      else wire(row);
    });
    add.addEventListener("click", () => part(append(), "name").focus());
    showAdd();
  }

  for (const step of document.querySelectorAll("[data-ps-step]")) {
    if (!step.dataset.psReady) {
      step.dataset.psReady = "yes";
      prepare(step);
    }
  }
})();
