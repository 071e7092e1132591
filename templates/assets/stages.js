/* A picture's stages: a slider through those that the page lists, two pictures at a time.
   Law: a stage's pictures are asked for when it is shown, and not before. */
"use strict";

(() => {
  const area = document.querySelector("#developing");
  const slider = area.querySelector("input");
  const said = area.querySelector("output");
  const images = [...area.querySelectorAll("img")];
  const stages = [...area.parentElement.querySelectorAll("details li")].map((line) => ({
    words: line.querySelector("span").textContent,
    addresses: [...line.querySelectorAll("a")].map(({ href }) => href),
  }));

  function show() {
    const { words, addresses } = stages[slider.value];
    slider.setAttribute("aria-valuetext", words);
    said.textContent = words;
    images.forEach((image, at) => {
      image.src = addresses[at];
      image.alt = `${words}: ${image.dataset.words}`;
    });
  }

  slider.addEventListener("input", show);
  if (slider.value !== slider.defaultValue) show(); // a browser that goes back may have kept where it stood
})();
