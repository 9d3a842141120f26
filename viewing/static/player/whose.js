/* Whose time it is: in the bar, and "Who is watching?" where a screen is several children's. */

const $ = (id) => document.getElementById(id);
const COLORS = 6;

function fill(element, player, players) {
  const avatar = element.querySelector("[data-avatar]");
  avatar.textContent = [...player.name][0] || "?";
  avatar.dataset.color = String(players.indexOf(player) % COLORS);
  element.querySelector("[data-name]").textContent = player.name;
}

/** In the bar: a name, or where there are several a button that leads to the others. */
export function showWhose({ pairing, players, screen }) {
  const isNamed = pairing !== null && Boolean(pairing.name) && screen !== "who";
  const isOneOfSeveral = players.length > 1;
  $("whose").hidden = !isNamed || isOneOfSeveral;
  $("switch-player").hidden = !isNamed || !isOneOfSeveral;
  if (isNamed) fill($(isOneOfSeveral ? "switch-player" : "whose"), pairing, players);
}

export function showPlayers(players) {
  const template = $("player-card");
  const cards = players.map((player) => {
    const card = template.content.cloneNode(true);
    fill(card, player, players);
    card.querySelector("button").dataset.profileId = player.profileId;
    return card;
  });
  $("players").textContent = "";
  $("players").append(...cards);
}
