// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {Prices} from "../../abi/IRegistry.sol";

/// @notice What other contracts of the protocol need to know of a provider.
struct ProviderTerms {
    uint8 status;
    bool renewable;
    bool acceptsOffers;
    address operatorKey;
    uint64 probation;
    uint96 probationPledge;
    Prices minimumPrices;
}

/// @title What Registry tells the other contracts: IRegistry.get without its texts, which would cost them 128 slots
/// @dev Not part of chain/abi: for contracts of this deployment only (docs/adr/0010).
interface IProviderTerms {
    function terms(address provider) external view returns (ProviderTerms memory);
    function standing(address provider) external view returns (uint8 status, address operatorKey);
}
