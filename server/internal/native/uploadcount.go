package native

// Uploads returns the number of uploads under way, without puts, and how many bytes the service
// has received for them. An upload that another server has begun counts as well, but its bytes do
// not.
func (s *Service) Uploads() (uploads int, received int64) {
	s.sessions.mu.Lock()
	defer s.sessions.mu.Unlock()
	for _, session := range s.sessions.byID {
		received += session.received.Load()
	}
	return len(s.sessions.byID) + len(s.sessions.guests), received
}
