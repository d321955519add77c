"""Two regions and the population register, simulated: SOAP servers that answer as RIV-TA's contracts say."""
