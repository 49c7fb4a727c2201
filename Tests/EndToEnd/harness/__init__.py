"""What the tests need to run the real appliance on capture ports and to read what it did."""
