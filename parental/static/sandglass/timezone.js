/* Fills in the browser's timezone where the form still proposes the default; the field stays the parent's to change. */

const field = document.getElementById("id_timezone");
const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
const isKnown = [...document.querySelectorAll("#timezones option")].some((option) => option.value === here);
if (field && field.value === "UTC" && isKnown) field.value = here;
