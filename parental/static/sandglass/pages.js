/* What every page gets: the account menu closes as menus do, and a password can be looked at before it is sent. */

const menu = document.querySelector("details.menu");

document.addEventListener("click", (event) => {
  if (menu && !menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !menu || !menu.open) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

const words = document.querySelector("[data-show-password]");

for (const field of words ? document.querySelectorAll("input[type=password]:not(.input--pin)") : []) {
  const button = Object.assign(document.createElement("button"), { type: "button", className: "show-password" });
  const name = () => (field.type === "password" ? words.dataset.showPassword : words.dataset.hidePassword);
  button.textContent = name();
  button.setAttribute("aria-controls", field.id);
  button.addEventListener("click", () => {
    field.type = field.type === "password" ? "text" : "password";
    button.textContent = name();
  });
  // Never sent in the clear to what a browser remembers of text fields.
  field.form.addEventListener("submit", () => {
    field.type = "password";
  });
  const box = Object.assign(document.createElement("div"), { className: "with-button" });
  field.replaceWith(box);
  box.append(field, button);
}
