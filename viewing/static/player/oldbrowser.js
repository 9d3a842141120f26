/*
 * For engines that cannot run the player: without this, they would show an empty page. Written in the JavaScript of 2009,
 * which every one of them reads. The player marks the page as soon as it runs.
 */

(function () {
  function complain() {
    if (document.body.getAttribute("data-screen")) return;
    document.getElementById("old-browser").removeAttribute("hidden");
  }
  window.addEventListener("error", function () { setTimeout(complain, 0); });
  window.addEventListener("load", function () { setTimeout(complain, 8000); });
})();
