"""What the programs of people share: looks into hosts, starting sessions, harmless text."""
