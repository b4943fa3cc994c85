for (const box of document.querySelectorAll("dialog[data-open]")) box.showModal();
for (const button of document.querySelectorAll("[data-dialog]"))
  button.addEventListener("click", () => document.getElementById(button.dataset.dialog).showModal());
for (const button of document.querySelectorAll("[data-close]"))
  button.addEventListener("click", () => button.closest("dialog").close());
for (const toast of document.querySelectorAll(".toast"))
  setTimeout(() => { toast.style.opacity = 0; setTimeout(() => toast.remove(), 500); }, 6000);
const classes = { "有効": "on", "無効": "off", "ロック中": "locked" };
for (const badge of document.querySelectorAll("[data-poll]")) {
  const look = async () => {
    const answer = await fetch(badge.dataset.poll);
    if (!answer.ok) return;
    const { status } = await answer.json();
    badge.textContent = status;
    badge.className = `badge ${classes[status] || "wait"}`;
    if (!(status in classes)) setTimeout(look, 300);
  };
  setTimeout(look, 300);
}
