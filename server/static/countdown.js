// How long a code is still good, counted down beside the moment that is written there without a script.
"use strict";

for (const element of document.querySelectorAll("[data-countdown]")) {
  const until = Number(element.dataset.countdown);
  const show = () => {
    const left = Math.max(0, Math.round((until - Date.now()) / 1000));
    const minutes = Math.floor(left / 60);
    element.textContent = `${minutes}:${String(left % 60).padStart(2, "0")}`;
  };
  show();
  setInterval(show, 1000);
}
