/* A collection's film: a picture that moves while it is asked to, and stands still else.
   Law: it plays on request alone, and is not loaded before. */
"use strict";

(() => {
  const link = document.querySelector(".film a[data-do]");
  const button = document.querySelector(".film button");
  const image = link.querySelector("img");
  const still = image.src;
  const words = image.alt;

  babelgen.actions.film = () => {
    const plays = image.src !== still;
    image.src = plays ? still : link.href;
    image.alt = plays ? words : words.replace(/, .*/, "");
    button.textContent = plays ? "Play" : "Stop";
  };
})();
