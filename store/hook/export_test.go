package hook

// Kill ends the hooks without Close, as if the process was killed.
func (h *Hooks) Kill() {
	h.stop()
	h.background.Wait()
}
